# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Train a small network on digits, quantize it with PT2E, export it.  Needs PyTorch 2.6.

    quantize.py OUT.pt2
"""

import os
import sys

import numpy as np
import torch
from torch import nn
from torch.ao.quantization.quantize_pt2e import convert_pt2e, prepare_pt2e
from torch.ao.quantization.quantizer.xnnpack_quantizer import (
    XNNPACKQuantizer, get_symmetric_quantization_config)
from torch.export import export_for_training

TRAINING = 400  # of the 500 images
EPOCHS = 60


class Digits(nn.Module):
    """Two convolutions, a residual addition, a linear layer."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16))
        self.relu, self.pool = nn.ReLU(), nn.AdaptiveAvgPool2d((2, 2))
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        """[N, 1, 8, 8] to [N, 10]."""
        x = self.stem(x)
        x = self.relu(self.body(x) + x)
        return self.head(torch.flatten(self.pool(x), 1))


def trained(images, classes):
    """The float network."""
    torch.manual_seed(0)
    model, loss = Digits(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(50):
            optimizer.zero_grad()
            loss(model(images[batch]), classes[batch]).backward()
            optimizer.step()
    return model.eval()


def quantized_digits(images, classes):
    """The exported program: 8 bits, weights per channel, calibrated on the training images."""
    x = torch.from_numpy(images[:TRAINING])
    model = trained(x, torch.from_numpy(classes[:TRAINING].astype(np.int64)))
    sample = (x[:1],)
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(
        is_per_channel=True))
    prepared = prepare_pt2e(export_for_training(model, sample).module(), quantizer)
    for image in x[:256].split(1):
        prepared(image)
    return torch.export.export(convert_pt2e(prepared), sample)


def main():
    """Write the file."""
    digits = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "digits")
    program = quantized_digits(np.load(os.path.join(digits, "digits_test_x.npy")),
                               np.load(os.path.join(digits, "digits_test_y.npy")))
    torch.export.save(program, sys.argv[1])


if __name__ == "__main__":
    main()
