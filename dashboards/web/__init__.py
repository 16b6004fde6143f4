"""Pages: routes over cloud services, templates, static files. One folder an area, no SQL, no build step."""
