"""Small modules, one for each way in which an export bends what a module does; `table` is how they are told."""
