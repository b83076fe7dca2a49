"""A zoo of small decoders that leave behind in real pictures what decoders of video generators leave."""
