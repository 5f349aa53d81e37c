"""Does the same image get the same answer at another pixel size, compression or frame?"""
