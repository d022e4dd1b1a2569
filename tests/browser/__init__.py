"""The pages of both programs in a real browser that a test drives."""
