"""The service without any index: what a write costs by itself."""
