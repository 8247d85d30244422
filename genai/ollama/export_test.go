package ollama

import "time"

// Base returns the address that a writer asks.
func Base(w *Writer) string { return w.base.String() }

// SetReadyTimeout changes how long Ready waits.
func SetReadyTimeout(w *Writer, d time.Duration) { w.readyTimeout = d }
