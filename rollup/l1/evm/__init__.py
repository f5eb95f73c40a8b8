"""L1 on an EVM: the contracts, what they are compiled to, and the machines that run them."""
