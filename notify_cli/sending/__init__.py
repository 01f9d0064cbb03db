"""One sweep: find what is due, and claim, render, send and record each delivery."""
