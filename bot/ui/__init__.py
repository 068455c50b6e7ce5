"""What people see: buttons, forms and cards."""
