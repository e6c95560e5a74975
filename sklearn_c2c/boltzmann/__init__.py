"""Restricted Boltzmann machines of one-hot piano rolls."""

from sklearn_c2c.boltzmann._softmax_rbm import SoftmaxRBM

__all__ = ["SoftmaxRBM"]
