def text(r):
    return "x"


def render(r):
    pass
