"""The pages, a module for each, with its templates in a folder of its name."""
