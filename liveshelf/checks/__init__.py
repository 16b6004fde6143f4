"""What `liveshelf doctor` looks at, and what it says of each."""
