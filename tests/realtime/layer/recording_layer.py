"""A layer at the edge that notes what goes out about rights."""

from realtime.layer.control import control_in, is_control


class RecordingLayer:
    def __init__(self):
        self.controls = []

    async def group_send(self, group, message):
        if is_control(message):
            self.controls.append(control_in(message))
