"""What every floor stands on: types, errors, randomness, descriptions, initial laws, the array namespace, tables."""
