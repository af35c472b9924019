"""Tables of the specifications, as tests walk them."""


def cells_below(text: str, begins: str) -> list[list[str]]:
    """Return the cells of the first table whose head begins so, head apart."""
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"| {begins}"))
    found = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found
