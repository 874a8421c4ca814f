"""The offline line: load, clean, chunk, embed, store. Its modules are its public names; it imports nothing of ours."""
