"""How answers leave domicile: every format, and what makes a hostile name harmless in it."""
