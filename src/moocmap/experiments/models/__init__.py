"""Models and their weights as data that every library builds."""
