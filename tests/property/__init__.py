"""Laws, by generated examples."""
