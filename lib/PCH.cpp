// Holder of the precompiled header.
