"""Maps what courses teach into a study guide, and compares deep-learning libraries by experiment."""
