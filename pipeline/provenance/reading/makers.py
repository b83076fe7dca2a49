"""Makers that sign what they generate, by the names they use in certificates and manifests: for wording only."""

from __future__ import annotations

# (word in the software's name, what people call it); the first that fits is taken, so the narrower stand first
SOFTWARE = (
    ("sora", "OpenAI's Sora"),
    ("chatgpt", "OpenAI's ChatGPT"),
    ("dall", "OpenAI's DALL-E"),
    ("gpt-", "OpenAI's GPT"),
    ("openai", "OpenAI"),
    ("firefly", "Adobe Firefly"),
    ("photoshop", "Adobe Photoshop"),
    ("premiere", "Adobe Premiere"),
    ("veo", "Google's Veo"),
    ("imagen", "Google's Imagen"),
    ("gemini", "Google's Gemini"),
    ("google", "Google"),
    ("bing image creator", "Microsoft's Bing Image Creator"),
    ("designer", "Microsoft Designer"),
    ("copilot", "Microsoft Copilot"),
    ("azure", "Microsoft Azure"),
    ("midjourney", "Midjourney"),
    ("runway", "Runway"),
    ("stability", "Stability AI"),
    ("stable diffusion", "Stable Diffusion"),
    ("flux", "Black Forest Labs' FLUX"),
    ("black forest", "Black Forest Labs"),
    ("kling", "Kuaishou's Kling"),
    ("pika", "Pika"),
    ("dream machine", "Luma's Dream Machine"),
    ("luma", "Luma"),
    ("elevenlabs", "ElevenLabs"),
    ("titan", "Amazon Titan"),
    ("nova", "Amazon Nova"),
    ("tiktok", "TikTok"),
    ("foleymark", "Foleymark"),
)
# legal forms and divisions that nobody says aloud
LEGAL_FORMS = (
    " LLC",
    " L.L.C.",
    " Inc.",
    " Inc",
    " Incorporated",
    " Corporation",
    " Corp.",
    " Ltd",
    " Ltd.",
    " GmbH",
    " OpCo",
)


def maker_name(software: str, organisation: str = "") -> str:
    """What people call the software that made something; its own words when it is not in the table."""
    lowered = f" {software.lower()}"
    for word, name in SOFTWARE:
        # at the start of a word only: "sora" is not in "Censorate"
        if f" {word}" in lowered:
            return name
    if software and organisation and short_name(organisation).lower() not in lowered:
        return f"{software} ({short_name(organisation)})"
    return software or short_name(organisation)


def short_name(organisation: str) -> str:
    """An organisation without its legal form: Google LLC -> Google."""
    name = organisation.strip().rstrip(",")
    for form in LEGAL_FORMS:
        if name.lower().endswith(form.lower()):
            return name[: -len(form)].rstrip(" ,")
    return name
