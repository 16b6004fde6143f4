"""The world around the shelves: shoppers, staff and a supplier move goods, and the truth about it is written down."""
