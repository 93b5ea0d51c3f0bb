"""The HTTP application on a cluster, as a deployment of Ray Serve."""
