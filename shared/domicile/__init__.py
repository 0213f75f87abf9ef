"""domicile: where does each class of our data legally live?"""

__version__ = "0.1.0"
