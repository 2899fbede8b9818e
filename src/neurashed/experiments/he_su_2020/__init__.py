"""The experiments of He and Su's paper on local elasticity, one file a part.

Each part composes the other rooms into one run, from settings to a run folder. This package adds no
science of its own and prints nothing.

References:
    The Local Elasticity of Neural Networks (Hangfeng He and Weijie J. Su, 2020),
    https://arxiv.org/abs/1910.06943
"""

__all__: list[str] = []
