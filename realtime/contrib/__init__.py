"""What only some projects need: a folder each, which the rest of the package never imports."""
