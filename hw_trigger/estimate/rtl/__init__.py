"""What a design in RTL costs before it is synthesized: cycles exactly, multipliers and memories by rule, the rest fitted."""
