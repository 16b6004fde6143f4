"""The system page: programs, devices and sensors of a store, and in words what is not well."""
