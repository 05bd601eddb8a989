"""An overlay for developers that shows what goes over a page's sockets, and disturbs them."""
