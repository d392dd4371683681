# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains the network of this folder and exports it as float ONNX.

    train.py OUTPUT_DIR

Needs PyTorch 2.6 and scikit-learn.  Writes the test images and labels (500 of 1797), 256
calibration images, the float scores and digits_resnet.float.onnx.  The shifts that augment
the images are not seeded: another run gives another network of like accuracy.
"""

import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

OUT = sys.argv[1]
EPOCHS, BATCH, TRAINING = 25, 64, 1297


def conv_bn_relu(i, o, k=3, s=1, g=1, act=nn.ReLU):
    """Convolution, batch normalization, and an activation unless `act` is None."""
    layers = [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
    if act:
        layers.append(act(inplace=True))
    return nn.Sequential(*layers)


class Block(nn.Module):
    """Residual block of two convolutions."""

    def __init__(self, i, o, st):
        super().__init__()
        self.a = conv_bn_relu(i, o, 3, st)
        self.b = conv_bn_relu(o, o, 3, 1, act=None)
        self.relu = nn.ReLU(inplace=True)
        self.ds = conv_bn_relu(i, o, 1, st, act=None) if st != 1 or i != o else None

    def forward(self, x):
        """relu(b(a(x)) + x), x through a 1x1 convolution where the shape changes."""
        identity = x if self.ds is None else self.ds(x)
        y = self.b(self.a(x))
        y += identity
        return self.relu(y)


class ResNetD(nn.Module):
    """A stem, three blocks, a mean and a linear layer: 77,754 parameters."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn_relu(1, 16)
        self.pool = nn.MaxPool2d(3, 1, 1)
        self.b1 = Block(16, 16, 1)
        self.b2 = Block(16, 32, 2)
        self.b3 = Block(32, 64, 2)
        self.avg = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        """Ten scores for each image."""
        x = self.b3(self.b2(self.b1(self.pool(self.stem(x)))))
        return self.fc(torch.flatten(self.avg(x), 1))


def load():
    """Training and test images in -1..1 with their labels; saves those of the test."""
    digits = load_digits()
    images = ((digits.images.astype("float32") / 16 - 0.5) / 0.5)[:, None]
    labels = digits.target.astype("int64")
    order = np.random.RandomState(0).permutation(len(images))
    train, test = order[:TRAINING], order[TRAINING:]
    np.save(os.path.join(OUT, "digits_test_x.npy"), images[test])
    np.save(os.path.join(OUT, "digits_test_y.npy"), labels[test])
    np.save(os.path.join(OUT, "digits_calib_x.npy"), images[train][:256])
    return map(torch.from_numpy, (images[train], labels[train], images[test], labels[test]))


def train(model, images, labels):
    """25 epochs of SGD with one cycle; images are shifted by up to one pixel."""
    steps = EPOCHS * (len(images) // BATCH)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=steps)
    for _ in range(EPOCHS):
        model.train()
        order = torch.randperm(len(images))
        for i in range(len(images) // BATCH):
            batch = order[i * BATCH:(i + 1) * BATCH]
            dx, dy = np.random.randint(-1, 2, 2)
            x = torch.roll(images[batch], (int(dy), int(dx)), (2, 3))
            optimizer.zero_grad()
            F.cross_entropy(model(x), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    model.eval()


def main():
    """Train, report the accuracy, save scores and model."""
    os.makedirs(OUT, exist_ok=True)
    torch.set_num_threads(2)
    train_x, train_y, test_x, test_y = load()
    torch.manual_seed(0)
    model = ResNetD()
    train(model, train_x, train_y)
    with torch.no_grad():
        scores = model(test_x)
    print("top-1:", (scores.argmax(1) == test_y).float().mean().item())
    np.save(os.path.join(OUT, "digits_resnet.float_out.npy"), scores.numpy())
    torch.onnx.export(model, (test_x[:1],), os.path.join(OUT, "digits_resnet.float.onnx"),
                      opset_version=17, input_names=["x"], output_names=["y"],
                      dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})


if __name__ == "__main__":
    main()
