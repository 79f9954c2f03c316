from __future__ import annotations

import torch

# Tensors are small here: on a busy machine a second thread is waited for longer than it works.
torch.set_num_threads(1)
