"""Arrays only: layers, losses, Adam, and the kernels and threads that compute them."""
