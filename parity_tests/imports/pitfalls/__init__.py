"""Small modules, one for each way in which an export loses or bends what a module does; `table` says how they are told."""
