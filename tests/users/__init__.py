"""An app of user models with all kinds of primary keys; a process of tests uses one of them."""
