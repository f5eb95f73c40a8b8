"""Reports of signed prices: development signers, the folder they go to, and a provider's
packages."""
