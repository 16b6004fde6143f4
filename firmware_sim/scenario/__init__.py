"""Shops made up for demonstration: the files a retailer would bring, and the world file behind them."""
