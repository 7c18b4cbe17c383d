"""Any `torch.nn.Module` as an objective: its parameters are one flat vector, and many vectors are answered at once."""
