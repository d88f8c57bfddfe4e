"""What every other folder needs: errors, the user's lines, memory budgets, deep recursion."""
