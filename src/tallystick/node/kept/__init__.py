"""What a node keeps on disk: verdicts, and crossings whose ends disagree."""
