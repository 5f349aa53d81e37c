"""Parts of the PDF report of one image or several."""
