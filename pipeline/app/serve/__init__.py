"""The C2PA Soft Binding Resolution API over HTTP: `foleymark serve`; see docs/server.md."""
