"""Examines a deployment: from outside as a browser sees it, and from inside the project.

``manage.py realtime_doctor`` is the only one that imports this folder. ``rules`` judges what was
measured, without a clock or a network; ``outside`` and ``inside`` measure.
"""
