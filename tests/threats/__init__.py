"""What attackers cannot do: docs/explanation/threat-model.md, a test for each row."""
