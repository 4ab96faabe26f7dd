//! Runnable sites with their truth beside them.
