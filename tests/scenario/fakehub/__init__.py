"""A fake Hugging Face Hub that can be told to misbehave."""

from . import faults
from .content import Bytes, Content, Generated, Git, Lfs, OnDisk
from .hub import FakeHub, demo_files
from .repo import Repo

__all__ = ["Bytes", "Content", "FakeHub", "Generated", "Git", "Lfs", "OnDisk",
           "Repo", "demo_files", "faults"]
