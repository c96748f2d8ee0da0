//! Files in a folder: the hand-over to anything that reads files, and the demo's destination.
