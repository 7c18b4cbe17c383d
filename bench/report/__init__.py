"""Pages that answer: one offline HTML file, with the tables and figures it shows."""
