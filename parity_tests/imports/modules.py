"""Modules of torchvision, timm and transformers with random weights, and small inputs for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

BATCH = 4
LARGE = {"regnet_y_128gf": "2.6 GB of weights", "vit_h_14": "2.5 GB of weights"}
"""What a comparison, which holds about ten copies of the weights, does not fit into 24 GB for."""

TORCHVISION_OPTIONS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": False},
    "inception_v3": {"init_weights": False},
    **{name: {"image_size": 64} for name in ("vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32")},
}
SIZES = {"inception_v3": (2, 299), "maxvit_t": (2, 224)}
"""(batch, size) where 4 images of 64x64 are too small, or more than needed."""

TIMM: dict[str, dict[str, Any]] = {
    "resnet26d": {},
    "resnetv2_50": {},
    "seresnext26d_32x4d": {},
    "res2net50_26w_4s": {},
    "skresnet18": {},
    "convnext_atto": {},
    "convnextv2_atto": {},
    "efficientnet_lite0": {},
    "mobilenetv3_small_050": {},
    "mobilenetv4_conv_small": {},
    "mnasnet_small": {},
    "ghostnet_050": {},
    "repvgg_a0": {},
    "regnetx_002": {},
    "dla34": {},
    "dpn48b": {},
    "hrnet_w18_small": {},
    "vovnet39a": {},
    "nfnet_l0": {},
    "poolformer_s12": {},
    "edgenext_xx_small": {},
    "mobilevit_xxs": {},
    "fastvit_t8": {},
    "vit_tiny_patch16_224": {"img_size": 64},
    "deit3_small_patch16_224": {"img_size": 64},
    "beit_base_patch16_224": {"img_size": 64},
    "cait_xxs24_224": {"img_size": 64},
    "mixer_s32_224": {"img_size": 64},
    "gmixer_12_224": {"img_size": 64},
    "swin_tiny_patch4_window7_224": {"img_size": 224},
}
"""Thirty families; what an input of 64x64 asks of their options."""

TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


@dataclass(frozen=True)
class Made:
    """A module and an example of what it takes."""

    module: nn.Module
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


Maker = Callable[[], Made]


def images(batch: int, *sizes: int) -> torch.Tensor:
    return torch.randn(batch, 3, *sizes)


def classifier(name: str) -> Made:
    from torchvision.models import get_model

    batch, size = SIZES.get(name, (BATCH, 64))
    return Made(get_model(name, weights=None, **TORCHVISION_OPTIONS.get(name, {})), (images(batch, size, size),))


def segmentation(name: str) -> Made:
    from torchvision.models import get_model

    return Made(get_model(name, weights=None, weights_backbone=None), (images(2, 64, 64),))


def video(name: str) -> Made:
    """8 frames of 64x64; 16 of 224x224 for S3D. MViT's builders are for those too, so it is made for smaller ones."""
    from torchvision.models import get_model
    from torchvision.models.video import mvit

    made, frames, size = mvit._mvit, *((16, 224) if name == "s3d" else (8, 64))
    small = {"spatial_size": (size, size), "temporal_size": frames}
    with patch.object(mvit, "_mvit", lambda *args, **options: made(*args, **{**options, **small})):
        return Made(get_model(name, weights=None), (images(2, frames, size, size),))


def of_timm(name: str) -> Made:
    import timm

    options = TIMM[name]
    size = options.get("img_size", 64)
    return Made(timm.create_model(name, pretrained=False, **options), (images(2, size, size),))


def words(steps: int = 7) -> torch.Tensor:
    return torch.randint(3, 60, (2, steps))


def of_transformers(name: str) -> Made:
    import transformers as hub

    text = {"vocab_size": 64, "max_position_embeddings": 16, **TINY}
    vision = {"image_size": 16, "patch_size": 8, **TINY}
    match name:
        case "BERT":
            mask = torch.ones(2, 7, dtype=torch.long)
            mask[1, 4:] = 0
            return Made(hub.BertModel(hub.BertConfig(**text)), (words(),), {"attention_mask": mask})
        case "GPT-2":
            ends = {"bos_token_id": 0, "eos_token_id": 0}
            config = hub.GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=2, n_head=2, **ends)
            return Made(hub.GPT2LMHeadModel(config), (words(),))
        case "T5":
            config = hub.T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2)
            return Made(hub.T5Model(config), (), {"input_ids": words(), "decoder_input_ids": words(5)})
        case "ViT":
            return Made(hub.ViTModel(hub.ViTConfig(**vision)), (images(2, 16, 16),))
        case "CLIP":
            parts = {"text_config": {**text, "eos_token_id": 2}, "vision_config": vision}
            model = hub.CLIPModel(hub.CLIPConfig(**parts, projection_dim=8))
            return Made(model, (), {"input_ids": words(), "pixel_values": images(2, 16, 16)})
        case "Whisper's encoder":
            from transformers.models.whisper.modeling_whisper import WhisperEncoder

            heads = {"encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 24}
            config = hub.WhisperConfig(d_model=16, num_mel_bins=8, max_source_positions=10, **heads)
            return Made(WhisperEncoder(config), (torch.randn(2, 8, 20),))
        case "LLaMA":
            return Made(hub.LlamaForCausalLM(hub.LlamaConfig(**text, num_key_value_heads=1)), (words(),))
        case "Mistral":
            config = hub.MistralConfig(**text, num_key_value_heads=1, sliding_window=4)
            return Made(hub.MistralForCausalLM(config), (words(),))
        case "Mamba":
            config = hub.MambaConfig(vocab_size=64, hidden_size=16, state_size=4, num_hidden_layers=2)
            return Made(hub.MambaForCausalLM(config), (words(),))
    raise KeyError(name)


TRANSFORMERS = ("BERT", "GPT-2", "T5", "ViT", "CLIP", "Whisper's encoder", "LLaMA", "Mistral", "Mamba")


def suites() -> Iterator[tuple[str, str, Maker]]:
    """(suite, name, what makes it) of every module."""
    from torchvision import models

    for suite, module, make in (
        ("torchvision, classification", models, classifier),
        ("torchvision, segmentation", models.segmentation, segmentation),
        ("torchvision, video", models.video, video),
    ):
        for name in models.list_models(module=module):
            yield suite, name, partial(make, name)
    for name in TIMM:
        yield "timm", name, partial(of_timm, name)
    for name in TRANSFORMERS:
        yield "transformers, tiny", name, partial(of_transformers, name)
