"""What people hit, as data: input, right value, and the kind of fault in words. Tests beside the modules run them."""
