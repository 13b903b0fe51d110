"""The pages for people: search, create, change and delete orders. Nothing imports desk but project."""
