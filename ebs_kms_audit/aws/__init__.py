"""The facts of AWS that every room stands on. No room of this library is imported from here."""
