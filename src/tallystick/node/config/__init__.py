"""What a node is told: settings, files, keys and terms; and whether they will do."""
