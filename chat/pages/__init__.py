"""The pages: views, forms, and what they hand to their scripts."""
