"""The published model: its equations as they were printed, beside the physical ones."""
